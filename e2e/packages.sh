# Sourced by the run.sh of each folder: installs what it runs. LOGSUI_PYTHON is the project's interpreter.

if ! [ -x "$LOGSUI_PYTHON" ]; then
    echo "no $LOGSUI_PYTHON; run \`make install\` first, or set LOGSUI_PYTHON" >&2
    exit 2
fi

# python_packages FOLDER REQUIREMENTS: a virtual environment. The copy says which requirements are installed, so that a
# second run starts at once.
python_packages() {
    cmp -s "$2" "$1/requirements.txt" && return
    echo "installing $2 into $1 (about a minute)"
    rm -rf "$1"
    "$LOGSUI_PYTHON" -m venv "$1"
    "$1/bin/python" -m pip install -qq --disable-pip-version-check -r "$2"
    cp "$2" "$1/requirements.txt"
}

# node_packages FOLDER COMMAND...: what its package-lock.json names, beside it, by this command of npm.
node_packages() {
    folder=$1
    shift
    cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed" && return
    echo "installing $folder/package.json"
    (cd "$folder" && npm "$@" --no-audit --no-fund --silent)
    cp "$folder/package-lock.json" "$folder/node_modules/.installed"
}
