import { defineConfig } from '@tarojs/cli'

export default defineConfig({
  projectName: 'wx-login-client-taro-example',
  sourceRoot: 'src',
  outputRoot: 'dist',
  designWidth: 750,
  framework: 'react',
  compiler: 'vite',
  plugins: ['@tarojs/plugin-platform-weapp', '@tarojs/plugin-framework-react'],
  mini: {},
})
