export OTEL_EXPORTER_OTLP_ENDPOINT={{ base }}
export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20{{ key }}"
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_SERVICE_NAME=my-app
