import { Failure, netError, tell } from './failure.js'
import { checkUrl, createHeaderReader, toData, toFetch, toHeaders } from './message.js'
import type { Network, Transfer } from './network.js'
import type { PhoneParts, SandboxFiles } from './types.js'
import type {
  SandboxRequestTask,
  SandboxWx,
  SandboxWxReply,
  SandboxWxUploadOptions,
} from './wx-types.js'

type Listener = Parameters<SandboxRequestTask['onHeadersReceived']>[0]

/** What Node says of a connection, in the words of a phone. Browsers say nothing. */
const netErrors: Readonly<Record<string, readonly [number, string]>> = {
  ECONNREFUSED: [-102, 'CONNECTION_REFUSED'],
  ECONNRESET: [-101, 'CONNECTION_RESET'],
  UND_ERR_SOCKET: [-101, 'CONNECTION_RESET'],
  ENOTFOUND: [-105, 'NAME_NOT_RESOLVED'],
}
const unknownNetError = [-2, 'FAILED'] as const

function toNetError(error: unknown): Failure {
  if (error instanceof Failure) return error
  const { code = '' } = ((error as Error).cause ?? {}) as { code?: string }
  const [number, name] = Object.hasOwn(netErrors, code) ? netErrors[code]! : unknownNetError
  return netError(number, name)
}

interface Received {
  body: ArrayBuffer
  head: { header: Record<string, unknown>; cookies: string[]; statusCode: number }
}

export interface TransferParts {
  network: Network
  files: SandboxFiles
  fetch: NonNullable<PhoneParts['fetch']>
  referer: string
  /** Gives what the mini program that runs may see; nothing once it is dead. */
  living<T>(work: Promise<T>): Promise<T>
}

/** `wx.request` and `wx.uploadFile`. */
export function createTransfers(parts: TransferParts): Pick<SandboxWx, 'request' | 'uploadFile'> {
  const { network, files, referer, living } = parts
  const readHeaders = createHeaderReader()

  function exchange(
    kind: 'request' | 'uploadFile',
    timeout: number | undefined,
    prepare: () => { url: string; init: RequestInit },
  ): { task: SandboxRequestTask; received: Promise<Received> } {
    const listeners = new Set<Listener>()
    let transfer: Transfer<Received> | undefined

    async function run(signal: AbortSignal, url: string, init: RequestInit): Promise<Received> {
      try {
        const response = await parts.fetch(url, { ...init, signal })
        const head = { ...readHeaders(response.headers), statusCode: response.status }
        void living(Promise.resolve()).then(() => {
          for (const listener of listeners) listener(head)
        })
        return { body: await response.arrayBuffer(), head }
      } catch (error) {
        throw toNetError(error)
      }
    }

    function begin(): Promise<Received> {
      const { url, init } = prepare()
      ;(init.headers as Headers).set('referer', referer)
      transfer = network.transfer({ kind, timeout, run: (signal) => run(signal, url, init) })
      return transfer.done
    }

    return {
      received: living(new Promise((resolve) => resolve(begin()))),
      task: {
        abort() {
          transfer?.fail(new Failure('abort'))
        },
        onHeadersReceived(listener) {
          listeners.add(listener)
        },
        offHeadersReceived(listener) {
          if (listener) listeners.delete(listener)
          else listeners.clear()
        },
      },
    }
  }

  function formOf({ filePath, name, formData }: SandboxWxUploadOptions): FormData {
    const file = files.get(filePath)
    if (!file) throw new Failure('file not found')
    const form = new FormData()
    for (const [field, value] of Object.entries(formData ?? {})) form.append(field, String(value))
    form.append(name, file, filePath.replace(/^.*\//, ''))
    return form
  }

  return {
    request(options) {
      const { task, received } = exchange('request', options.timeout, () => toFetch(options))
      const reply = received.then(({ body, head }): Omit<SandboxWxReply, 'errMsg'> => ({
        data: toData(body, options),
        ...head,
      }))
      tell('request', options, reply)
      return task
    },
    uploadFile(options) {
      const { task, received } = exchange('uploadFile', options.timeout, () => ({
        url: checkUrl(options.url),
        init: {
          method: 'POST',
          // Its boundary is the platform's.
          headers: toHeaders(options.header, ['referer', 'content-type']),
          body: formOf(options),
        },
      }))
      const reply = received.then(({ body, head }) => ({
        data: new TextDecoder().decode(body),
        ...head,
      }))
      tell('uploadFile', options, reply)
      return task
    },
  }
}
