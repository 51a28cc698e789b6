"""Who may ask the service for what, how often and with how much; pure ASGI middlewares."""
