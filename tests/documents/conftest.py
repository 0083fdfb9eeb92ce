"""The fixtures that install homerun are those of its other installs."""
