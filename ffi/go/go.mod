module plimsoll.dev/plimsoll

go 1.26.0
