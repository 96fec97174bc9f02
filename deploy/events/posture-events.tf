# Rule, queue and dead-letter queue for the events of one Security Hub: in the account and Region that a target of Posture
# Operator reads; in an organization the administrator's, in its aggregation Region.

variable "name" {
  type        = string
  default     = "posture-events"
  description = "Name of the queue and of the rule. The grant's queues must let it through."
}

variable "reader_role_arn" {
  type        = string
  default     = ""
  description = "Role as which the target reads. With it the messages are encrypted with a key of their own."
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  own_key = var.reader_role_arn != ""
}

resource "aws_kms_key" "events" {
  count               = local.own_key ? 1 : 0
  description         = "Posture Operator. Events of Security Hub in SQS."
  enable_key_rotation = true
  policy = jsonencode({
    "Version" : "2012-10-17",
    "Statement" : [
      {
        "Sid" : "Administer",
        "Effect" : "Allow",
        "Principal" : { "AWS" : "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" },
        "Action" : "kms:*",
        "Resource" : "*"
      },
      {
        "Sid" : "PutEvents",
        "Effect" : "Allow",
        "Principal" : { "Service" : "events.amazonaws.com" },
        "Action" : ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource" : "*",
        "Condition" : { "StringEquals" : { "aws:SourceAccount" : data.aws_caller_identity.current.account_id } }
      },
      {
        "Sid" : "ReadEvents",
        "Effect" : "Allow",
        "Principal" : { "AWS" : var.reader_role_arn },
        "Action" : "kms:Decrypt",
        "Resource" : "*"
      }
    ]
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dlq"
  message_retention_seconds = 1209600
  kms_master_key_id         = local.own_key ? aws_kms_key.events[0].arn : null
  sqs_managed_sse_enabled   = local.own_key ? null : true
}

resource "aws_sqs_queue" "events" {
  name = var.name
  # A day: what is older polls and sweeps have read.
  message_retention_seconds  = 86400
  visibility_timeout_seconds = 60
  kms_master_key_id          = local.own_key ? aws_kms_key.events[0].arn : null
  sqs_managed_sse_enabled    = local.own_key ? null : true
  redrive_policy = jsonencode({
    "deadLetterTargetArn" : aws_sqs_queue.dead_letters.arn,
    "maxReceiveCount" : 10
  })
}

resource "aws_cloudwatch_event_rule" "events" {
  name        = var.name
  description = "Posture Operator. Every change of a finding of Security Hub."
  event_pattern = jsonencode({
    "source" : ["aws.securityhub"],
    "detail-type" : ["Security Hub Findings - Imported"]
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  rule      = aws_cloudwatch_event_rule.events.name
  target_id = "queue"
  arn       = aws_sqs_queue.events.arn
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

resource "aws_sqs_queue_policy" "events" {
  for_each  = { "events" = aws_sqs_queue.events, "dead_letters" = aws_sqs_queue.dead_letters }
  queue_url = each.value.url
  policy = jsonencode({
    "Version" : "2012-10-17",
    "Statement" : [
      {
        "Sid" : "PutEvents",
        "Effect" : "Allow",
        "Principal" : { "Service" : "events.amazonaws.com" },
        "Action" : "sqs:SendMessage",
        "Resource" : each.value.arn,
        "Condition" : { "ArnEquals" : { "aws:SourceArn" : aws_cloudwatch_event_rule.events.arn } }
      }
    ]
  })
}

output "queue_url" {
  value       = aws_sqs_queue.events.url
  description = "Goes into spec.aws.events.queueUrl."
}

output "queue_arn" {
  value       = aws_sqs_queue.events.arn
  description = "Goes into queues of the grant."
}
