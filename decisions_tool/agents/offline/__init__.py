"""The rehearsal: answers computed from the repository at the pinned commit. No model, no network, no chance."""

from decisions_tool.agents.offline.backend import Offline

__all__ = ["Offline"]
