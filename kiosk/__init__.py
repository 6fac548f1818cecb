"""The travel laptop's own programs; they talk to the server by HTTP."""
