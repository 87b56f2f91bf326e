"""What a web server loads: `gunicorn wsgi:app`."""

from portal import create_app
from portal.cli.logs import configure_logs
from portal.config import Config

# First: without it a bug's trace would be written with the values of its variables, secrets among them.
configure_logs()
app = create_app(Config.from_env())
