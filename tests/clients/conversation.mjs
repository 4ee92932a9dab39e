// Says something in a conversation by the official client, if there is a text, and writes all that is said in it then.
import OpenAI from 'openai'

const { url, key, conversation, text } = JSON.parse(process.argv[2])
const client = new OpenAI({ baseURL: url, apiKey: key, maxRetries: 0 })
if (text !== null) {
  const answer = await client.responses.create({ model: 'einstein', input: text, conversation })
  if (answer.status !== 'completed') throw new Error(`the response is ${answer.status}`)
}
const said = []
for await (const item of client.conversations.items.list(conversation, { order: 'asc', limit: 4 })) {
  if (item.type === 'message') said.push([item.role, item.content[0].text])
}
process.stdout.write(JSON.stringify(said) + '\n')
