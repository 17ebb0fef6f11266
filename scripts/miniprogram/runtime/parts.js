import jComponent from 'j-component'

/**
 * Pages and components: `Page()` and `Component()` register what they are given under the file that is being loaded,
 * as in WeChat.
 */
export function createParts(program) {
  const parts = new Map(program.parts.map((part) => [part.path, part]))
  const loaded = new Map()
  let loading

  /** Registers the part of a path and those it uses; once. */
  function load(path) {
    if (!loaded.has(path)) {
      const part = parts.get(path)
      if (part === undefined) throw new Error(`There is no ${path} in app.json`)
      for (const used of Object.values(part.components)) load(used)
      const outer = loading
      loading = part
      program.load[path]()
      loading = outer
    }
    return loaded.get(path)
  }

  function register(definition, tagName) {
    const { path, prefix, page, components } = loading
    const id = jComponent.register({
      ...definition,
      id: prefix,
      path,
      tagName,
      template: withBuiltins(program.gwx(`${path}.wxml`), components),
      usingComponents: Object.fromEntries(
        Object.entries(components).map(([tag, used]) => [tag, loaded.get(used).id]),
      ),
      options: { ...definition.options, classPrefix: page ? '' : prefix },
    })
    loaded.set(path, { ...loading, id, definition })
  }

  return {
    defineComponent: (definition) => register(definition, loading.path.split('/').at(-1)),
    definePage(definition) {
      const isMethod = ([, value]) => typeof value === 'function'
      const { data = {}, behaviors = [], ...own } = definition
      register(
        { data, behaviors, methods: Object.fromEntries(Object.entries(own).filter(isMethod)) },
        'wx-page',
      )
    },
    defineBehavior: (definition) => jComponent.behavior(definition),
    /** A new page, not yet in the document: `instance` is what its methods have as `this`. */
    create(path) {
      const part = load(path)
      const component = jComponent.create(part.id)
      return { part, component, instance: component.instance }
    },
  }
}

/**
 * j-component takes the `wx-` from the tags of built-in components, which would make HTML elements of them: a second
 * one is left.
 */
function withBuiltins(generate, components) {
  const rename = (node) => {
    if (typeof node !== 'object') return
    const { tag, children } = node
    if (tag.startsWith('wx-') && tag !== 'wx-slot' && !(tag.slice(3) in components)) {
      node.tag = `wx-${tag}`
    }
    children.forEach(rename)
  }
  return (data) => {
    const root = generate(data)
    root.children.forEach(rename)
    return root
  }
}
