"""SIP meetings: planning, invitations, lobby, admission, roles, lifecycle, and the media server they ask for rooms."""
