import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const dist = (file) => join(root, 'dist/esm', file)

/** What can be imported, page by page; `entry` is the build's file, `.d.ts` for its types and `.js` for its code. Introductions are written here: all else is in the doc comments. */
export const pages = [
  {
    file: 'api.md',
    title: ['API', 'API'],
    introduction: [
      'Everything that can be imported of `express-wx-login`, with its own comments; editors show the same. The [README](../README.md) says what to begin with. Beside what is listed, importing the package types `req.wx` as `WxContext | undefined` on every Express request.',
      '`express-wx-login` 中可以导入的全部内容及其注释，与编辑器中显示的相同；声明里的注释保留英文原文。从哪里开始，请看 [README](../../README.zh-CN.md)。除了下面列出的，导入这个包后，每个 Express 请求的 `req.wx` 类型为 `WxContext | undefined`。',
    ],
    modules: [
      { name: 'express-wx-login', entry: dist('index') },
      { name: 'express-wx-login/redis', entry: dist('redis/index') },
      { name: 'express-wx-login/sandbox', entry: dist('sandbox/index') },
    ],
  },
  {
    file: 'api-client.md',
    title: ['API of wx-login-client', 'wx-login-client 的 API'],
    introduction: [
      'Everything that can be imported of `wx-login-client`, with its own comments; editors show the same. The [guide](client.md) says what to begin with.',
      '`wx-login-client` 中可以导入的全部内容及其注释，与编辑器中显示的相同；声明里的注释保留英文原文。从哪里开始，请看[指南](client.md)。',
    ],
    modules: [{ name: 'wx-login-client', entry: join(root, 'client/dist/esm/index') }],
  },
]
