WORDS = ["zero", "one", "two", "three", "four", "five"]
