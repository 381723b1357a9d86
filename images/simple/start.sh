#!/bin/sh
# Prints what the image was built from, then stays up until it is asked to stop, so that a Deployment has something to run.
echo "simple runs with:"
cat requirements.txt
trap 'exit 0' TERM INT
while [ "$ONCE" != "true" ]; do
  sleep 1 & wait $!
done
