"""The embedded media server: packets are forwarded, never decoded."""
