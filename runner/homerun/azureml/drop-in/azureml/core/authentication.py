"""`azureml.core.authentication`: no login is needed; what is given has no effect."""

from __future__ import annotations

from azureml.exceptions import AuthenticationException

__all__ = [
    "AbstractAuthentication",
    "ArmTokenAuthentication",
    "AuthenticationException",
    "AzureCliAuthentication",
    "AzureMLTokenAuthentication",
    "InteractiveLoginAuthentication",
    "MsiAuthentication",
    "ServicePrincipalAuthentication",
]


class AbstractAuthentication:
    """Accepted wherever the original wants one, and of no effect."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Keep nothing of it: there may be a password in it."""


class ArmTokenAuthentication(AbstractAuthentication):
    """As its base."""


class AzureCliAuthentication(AbstractAuthentication):
    """As its base."""


class AzureMLTokenAuthentication(AbstractAuthentication):
    """As its base."""


class InteractiveLoginAuthentication(AbstractAuthentication):
    """As its base; it asks for no login."""


class MsiAuthentication(AbstractAuthentication):
    """As its base."""


class ServicePrincipalAuthentication(AbstractAuthentication):
    """As its base."""
