#!/bin/sh
# A Chromium for the tests of pages: the machine's own, else Debian's, else the one that Playwright brings.
# First argument: the folder with the commands of the virtual environment.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name"; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
else
  "$1/playwright" install chromium
fi
