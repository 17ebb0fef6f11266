import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin'

const isSentence = (text) => /\p{L}[,:;]? \p{L}/u.test(text)
const isPlain = (e) => e.isIdentifier() || e.isMemberExpression() || isString(e)
const isString = (e) => e.isCallExpression() && e.get('callee').isIdentifier({ name: 'String' })

/**
 * Keeps Stryker from changing sentences for humans: tests do not repeat the words of a message. Codes, names and
 * numbers stay.
 */
export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'sentences', {
    shouldIgnore(path) {
      if (path.isStringLiteral() && isSentence(path.node.value)) return 'a sentence for humans'
      if (
        path.isTemplateLiteral() &&
        path.node.quasis.some((q) => isSentence(q.value.raw)) &&
        path.get('expressions').every(isPlain)
      ) {
        return 'a sentence for humans'
      }
      return undefined
    },
  }),
]
