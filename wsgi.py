"""What a web server loads: `gunicorn wsgi:app`."""

from portal import create_app
from portal.config import Config

app = create_app(Config.from_env())
