"""The fixtures that install homerun are those of its other installs."""

from installed.conftest import built, wheels

__all__ = ["built", "wheels"]
