"""Who uses which app in a fault run."""
from front import APPS
from line_user import LineUser
from load import User, probe
from long_users import EventUser, SocketUser

KINDS = {"http": ("get", "get", "fresh", "post", "post", "wait", "stream", "idle", "events", "events", "socket", "socket"),
         "tcp": ("line", "line", "line", "line")}
CLASSES = {"events": EventUser, "socket": SocketUser, "line": LineUser}


def everyone(world):
    """What the users do until world.users_stop."""
    of_apps = [CLASSES.get(kind, User)(world, name, kind, number).run()
               for name, app in APPS.items() for number, kind in enumerate(KINDS[app.mode])]
    modes = {address: APPS[name].mode for name, address in world.front.addresses.items()}
    return of_apps + [probe(world, address, mode) for address, mode in sorted(modes.items())]


def checker(world, app):
    """One more, who asks only when it is told to."""
    kind = KINDS[APPS[app].mode][0]
    return CLASSES.get(kind, User)(world, app, kind, "check")
