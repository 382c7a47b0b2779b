aws dynamodb create-table --table-name sojourn-sessions --billing-mode PAY_PER_REQUEST \
  --attribute-definitions AttributeName=key,AttributeType=S --key-schema AttributeName=key,KeyType=HASH
aws dynamodb wait table-exists --table-name sojourn-sessions
aws dynamodb update-time-to-live --table-name sojourn-sessions \
  --time-to-live-specification "Enabled=true, AttributeName=expiresAtSeconds"
