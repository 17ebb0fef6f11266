import { describeConsumers } from './describe-consumers.js'

describeConsumers(['20', '22'])
