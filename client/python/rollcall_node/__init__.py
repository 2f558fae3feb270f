"""Finds the nodes of registries, registers this machine in one and keeps it alive, and runs flows."""

from .client import Node, NodeList, NodeRegistryClient
from .flows import FlowNode, FlowNodesClient, FlowRun, FlowRunsClient
from .json_request import ServerRefusedError, ServerUnavailableError

__all__ = [
    "FlowNode",
    "FlowNodesClient",
    "FlowRun",
    "FlowRunsClient",
    "Node",
    "NodeList",
    "NodeRegistryClient",
    "ServerRefusedError",
    "ServerUnavailableError",
]
