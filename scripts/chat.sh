#!/bin/sh
# Sign up, open a session, say something, watch the reply stream in.  Usage: sh scripts/chat.sh <agent> <text>
set -eu
api=${ONELAST_URL:-http://127.0.0.1:8000}
agent=${1:-einstein}; text=${2:-Hello! Who are you?}
json='content-type: application/json'
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

token=$(curl -fsS "$api/v1/users" -H "$json" -d "{\"email\": \"me-$(date +%s)-$$@example.com\", \"password\": \"correct horse battery\", \"name\": \"Me\"}" | field access_token)
session=$(curl -fsS "$api/v1/sessions" -H "authorization: Bearer $token" -H "$json" -d "{\"agent_id\": \"$agent\"}" | field id)
curl -fsSN "$api/v1/sessions/$session/messages" -H "authorization: Bearer $token" -H "$json" -d "{\"content\": \"$(quoted "$text")\", \"stream\": true}"
