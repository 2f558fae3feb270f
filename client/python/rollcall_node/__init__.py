"""Finds the nodes of a node registry, registers this machine there and keeps it alive."""

from .client import Node, NodeList, NodeRegistryClient
from .json_request import RegistryRefusedError, RegistryUnavailableError

__all__ = ["Node", "NodeList", "NodeRegistryClient", "RegistryRefusedError", "RegistryUnavailableError"]
