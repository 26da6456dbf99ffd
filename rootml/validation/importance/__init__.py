"""How much a network needs each of its inputs."""
