// One open page of a chat: an unmodified useChat in React, without a browser. It does what it is told on its standard input,
// one JSON object a line, and tells all that it shows on its standard output, one JSON object a line.
import { createInterface } from 'node:readline'
import { createElement, useEffect } from 'react'
import { create } from 'react-test-renderer'

const { ai, hook, transport, ...options } = JSON.parse(process.argv[2])
const { DefaultChatTransport } = await import(ai)
const { useChat } = await import(hook)

const tell = what => process.stdout.write(JSON.stringify(what) + '\n')
let chat

function Page() {
  chat = useChat({
    ...options,
    transport: new DefaultChatTransport(transport),
    onFinish: ({ isAbort, isDisconnect, isError }) => tell({ finished: { isAbort, isDisconnect, isError } }),
  })
  const { status, error, messages } = chat
  useEffect(() => {
    tell({ status, error: error?.message ?? null, code: error?.statusCode ?? null, messages })
  })
  return null
}

create(createElement(Page))

const ways = {
  send: ({ message }) => chat.sendMessage(message),
  regenerate: ({ messageId }) => chat.regenerate({ messageId }),
  resume: () => chat.resumeStream(),
  stop: () => chat.stop(),
  read: ({ messages }) => chat.setMessages(messages),
}

for await (const line of createInterface({ input: process.stdin })) {
  const { way, ...named } = JSON.parse(line)
  Promise.resolve(ways[way](named)).catch(error => tell({ thrown: String(error) }))
}
process.exit(0)
