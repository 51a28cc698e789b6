"""What the containers need beside the tools of ``scripts.stack``, which run everything locally."""
