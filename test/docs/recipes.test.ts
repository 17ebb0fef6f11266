import { createRecipesProject } from './recipes-project.js'

test.each(['docs/recipes.md', 'docs/zh-CN/recipes.md'])(
  'the files of %s fit the packages that they are for, strictly',
  async (page) => {
    const project = createRecipesProject(page)
    try {
      expect(await project.compile()).toBe('')
    } finally {
      project.remove()
    }
  },
  60_000,
)

test('no TypeScript of the page is left out', () => {
  const project = createRecipesProject('docs/recipes.md')
  try {
    const blocks = project.blocks.filter(({ language }) => language === 'ts')
    expect(blocks).toHaveLength(project.files('ts').length)
  } finally {
    project.remove()
  }
})

test('a recipe that has the name of a package’s function wrong would be found', async () => {
  const project = createRecipesProject('docs/recipes.md')
  try {
    project.write('src/live.ts', project.block('// live.ts').replace('handleUpgrade', 'handle'))
    expect(await project.compile()).toContain("Property 'handle' does not exist")
  } finally {
    project.remove()
  }
}, 60_000)
