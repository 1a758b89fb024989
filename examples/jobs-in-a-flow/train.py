# What runs as an Anyscale job. Nothing in it knows of Prefect.
import os
import sys

for epoch in range(int(sys.argv[1])):
    print(f"epoch {epoch}, learning rate {os.environ['LEARNING_RATE']}")
