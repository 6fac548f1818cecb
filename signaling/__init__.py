"""The server: composition root, settings, command line, LiveKit signalling, RoomService, meeting socket, security."""
