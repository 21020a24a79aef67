"""What goes wrong, as exceptions: each says what to do."""


class BerthError(RuntimeError):
    """What all exceptions of this module are."""


class NoBerth(BerthError):
    """No berth is running, or it is not clear which one or which of its apps is meant."""


class StartFailed(BerthError):
    """The new server did not come up, or berth did not take it. The previous one serves on."""


class StopFailed(BerthError):
    """The old server's thread has not ended. If there is a new one, it serves already. `thread` can be stopped later."""

    def __init__(self, text, thread=None):
        super().__init__(text)
        self.thread = thread


class NotReleased(BerthError):
    """Somebody still listens on the old server's port: see `holders`."""

    def __init__(self, text, found=()):
        super().__init__(text)
        self.holders = list(found)
