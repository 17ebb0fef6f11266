// 提示：一句话，需要时带一个按钮。点按钮触发 act，detail.action 是 'retry' 或 'login'。
Component({
  properties: {
    notice: { type: Object, value: null },
  },
  methods: {
    onTap() {
      this.triggerEvent('act', { action: this.data.notice.action })
    },
  },
})
