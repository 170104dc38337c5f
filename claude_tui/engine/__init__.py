"""Turns: what happens between a prompt and the moment control returns. asyncio and the domain, nothing else."""
