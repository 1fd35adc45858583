pip install openai langfuse
export LANGFUSE_BASE_URL={{ base }}
export LANGFUSE_PUBLIC_KEY=logsui
export LANGFUSE_SECRET_KEY={{ key }}
export LANGFUSE_MEDIA_UPLOAD_ENABLED=false
python app.py
