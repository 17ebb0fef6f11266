// 圆形头像；没有图片时是名字的第一个字。
Component({
  properties: {
    url: { type: String, value: '' },
    name: { type: String, value: '' },
  },
  data: { initial: '微' },
  observers: {
    name(name) {
      // 按字符而不是按 UTF-16：第一个字可能是表情。
      this.setData({ initial: Array.from(name)[0] || '微' })
    },
  },
})
