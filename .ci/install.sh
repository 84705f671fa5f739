# What the scripts beside this one have in common: getting what a bare machine
# lacks. It is sourced, not run.

# unable REASON: ends a level that cannot run here.
unable() {
  echo "skipped: $1"
  exit 77
}

# require COMMAND PACKAGE…: installs Debian packages unless the command exists.
updated=
require() {
  local command=$1
  shift
  if command -v "$command" >/dev/null; then return; fi
  echo "$command is missing: installing $*"
  if [ -z "$updated" ]; then apt-get update -qq && updated=yes; fi &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# installed FOLDER FILE: tells whether a folder holds what a file asks for, as it
# is now.
installed() { cmp -s "$2" "$1/.installed"; }

# npm_install FOLDER: installs what FOLDER/package.json asks for, Node.js included
# where the system's is too old for it.
npm_install() {
  require npm npm || return
  if installed "$1/node_modules" "$1/package.json"; then return; fi
  rm -rf "$1/node_modules"
  (cd "$1" && npm install --no-package-lock --no-audit --no-fund --silent) || return
  cp "$1/package.json" "$1/node_modules/.installed"
}

# pip_install FOLDER FILE: makes a virtual environment with what a file of
# requirements asks for.
pip_install() {
  if installed "$1" "$2"; then return; fi
  rm -rf "$1"
  if python3 -m venv "$1" && "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"; then
    cp "$2" "$1/.installed"
  else
    rm -rf "$1"
    return 1
  fi
}
