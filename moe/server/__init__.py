"""The engine behind the OpenAI protocol."""
