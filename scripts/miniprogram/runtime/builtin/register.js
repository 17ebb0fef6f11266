import jComponent from 'j-component'

// Where j-component and exparser keep the node.
const nodeOfInstance = '_exparserNode'
const nodeOfElement = '__wxElement'

const content = { tag: 'wx-slot', attr: {}, children: [], generics: {} }

/**
 * Registers a built-in component of WeChat under its tag.
 *
 * @param {string} tag `wx-button`
 * @param {object} definition
 * @param {Record<string, { type: unknown, value?: unknown, show?: (host: HTMLElement, value: unknown) => void }>}
 *   [definition.properties] `show` puts a value into the element, at the start and at every change
 * @param {boolean} [definition.slot] Whether it has the content that is written into it; default true
 * @param {(host: HTMLElement, node: object) => void} [definition.created] Builds what is in the element
 */
export function builtin(tag, { properties = {}, slot = true, created } = {}) {
  jComponent.register({
    id: tag,
    tagName: tag,
    template: () => ({ tag: 'shadow', children: slot ? [content] : [] }),
    options: { classPrefix: '' },
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, { type, value, show }]) => [
        name,
        {
          type,
          value,
          observer(now) {
            show?.(this[nodeOfInstance].$$, now)
          },
        },
      ]),
    ),
    created() {
      const node = this[nodeOfInstance]
      created?.(node.$$, node)
      // A finger on what is in the element is one on the component.
      for (const inner of node.$$.children) inner[nodeOfElement] = node
    },
  })
}

/** Shows a value as an attribute of the element, for the style sheet. */
export const attribute = (name) => (host, value) => {
  if (value === false || value === undefined || value === '') host.removeAttribute(name)
  else host.setAttribute(name, value === true ? '' : value)
}

/** The exparser node of an element. */
export const nodeOf = (host) => host[nodeOfElement]

/** What a page's handler gets as `event.detail`. */
export function trigger(node, name, detail) {
  node.triggerEvent(name, detail, {})
}
