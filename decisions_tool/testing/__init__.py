"""A server for tests that speaks the Messages API on the loopback interface, with prices, a prompt cache, batches and faults.

Nothing in the program uses it, and it uses nothing of the program.
"""

from decisions_tool.testing.asked import Asked, Brain, Said, echo, script
from decisions_tool.testing.batches import Batching
from decisions_tool.testing.exchanges import Bill, Exchange
from decisions_tool.testing.faults import FAULTS, Fault, Faults
from decisions_tool.testing.prompt import tokens
from decisions_tool.testing.rates import RATES, Model, Usage
from decisions_tool.testing.server import Latency, Loopback

__all__ = [
    "FAULTS",
    "RATES",
    "Asked",
    "Batching",
    "Bill",
    "Brain",
    "Exchange",
    "Fault",
    "Faults",
    "Latency",
    "Loopback",
    "Model",
    "Said",
    "Usage",
    "echo",
    "script",
    "tokens",
]
