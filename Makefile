.PHONY: test lint format run

test: ; npm test
lint: ; npm run lint
format: ; npm run format
run: ; npm start
