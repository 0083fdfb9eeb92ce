"""HTTP: requests, responses, sockets, authentication, middleware."""
