"""The kinds of channels, one module each.

All promise the same: `send(message)` returns when the other side has taken the message, else raises DeliveryError,
within TIMEOUT and a moment. An error never holds a secret: of a URL only the host, and no text of another library.
"""

TIMEOUT = 30.0  # seconds; well below the time for which a delivery is leased
