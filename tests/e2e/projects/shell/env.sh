export DATA_ROOT="$PWD/data"
