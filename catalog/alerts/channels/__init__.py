"""Where messages go, one module a kind. Each takes plain values and promises the same.

`send(message)` returns when the other side has taken the message, and raises DeliveryError in every other case; it
ends within TIMEOUT and a moment, whatever the other side does. What an error says holds no secret: no part of a URL
but its host, and no text of another library.
"""

TIMEOUT = 30.0  # seconds; well below the time for which a delivery is leased
