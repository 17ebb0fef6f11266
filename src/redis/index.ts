/**
 * `express-wx-login/redis`: a well-configured node-redis client for those who want one.
 * @module
 */
export {
  createRedis,
  type WxRedis,
  type WxRedisCluster,
  type WxRedisOptions,
  type WxRedisSentinel,
} from './create-redis.js'
