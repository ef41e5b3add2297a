"""What the server plugin costs a tracking server, and how its queue bears many runs that end at once."""
