# A Rails app of one file and no database: GET / and an echo.
require "rails"
require "action_controller/railtie"

class RootController < ActionController::API
  def show
    render plain: "rails #{Process.pid}\n"
  end
end

# Of the bytes as they come: Rails would take them for a form.
ECHO = ->(env) { [200, { "content-type" => "application/octet-stream" }, [env["rack.input"].read]] }

class TestApp < Rails::Application
  config.api_only = true
  config.eager_load = false
  config.secret_key_base = "of the tests"
  config.log_level = :warn
  routes.append do
    root to: "root#show"
    post "/echo", to: ECHO
  end
end
