# Made by `make generate`: see docs/iam/README.md. 111122223333 stands for your own account.
# IAM roles of Posture Operator. Apply it in the operator's account, the Security Hub
# administrator's and the members': each gets the roles that belong there.

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "posture_operator_0" {
  count              = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  name               = "posture-operator"
  path               = "/"
  description        = "Posture Operator. Of the operator's pod: it assumes the others."
  assume_role_policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "PodIdentity",
        "Effect": "Allow",
        "Principal": {
          "Service": "pods.eks.amazonaws.com"
        },
        "Action": [
          "sts:AssumeRole",
          "sts:TagSession"
        ]
      }
    ]
  })
}

resource "aws_iam_policy" "posture_operator_0_0" {
  count  = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  name   = "posture-operator-0"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "AssumeRoles",
        "Effect": "Allow",
        "Action": [
          "sts:AssumeRole"
        ],
        "Resource": [
          "arn:aws:iam::*:role/posture-controls",
          "arn:aws:iam::*:role/posture-remediation",
          "arn:aws:iam::111122223333:role/posture-metrics",
          "arn:aws:iam::111122223333:role/posture-reader"
        ]
      }
    ]
  })
}

resource "aws_iam_role_policy_attachment" "posture_operator_0_0" {
  count      = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  role       = aws_iam_role.posture_operator_0[0].name
  policy_arn = aws_iam_policy.posture_operator_0_0[0].arn
}

resource "aws_iam_role" "posture_reader_1" {
  count              = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  name               = "posture-reader"
  path               = "/"
  description        = "Posture Operator. Reads Security Hub, and changes findings where that is granted."
  assume_role_policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "Operator",
        "Effect": "Allow",
        "Principal": {
          "AWS": "arn:aws:iam::111122223333:root"
        },
        "Action": "sts:AssumeRole",
        "Condition": {
          "ArnEquals": {
            "aws:PrincipalArn": "arn:aws:iam::111122223333:role/posture-operator"
          }
        }
      }
    ]
  })
}

resource "aws_iam_policy" "posture_reader_1_0" {
  count  = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  name   = "posture-reader-0"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "ReadSecurityHub",
        "Effect": "Allow",
        "Action": [
          "securityhub:BatchGetStandardsControlAssociations",
          "securityhub:DescribeHub",
          "securityhub:DescribeOrganizationConfiguration",
          "securityhub:DescribeSecurityHubV2",
          "securityhub:GetAdministratorAccount",
          "securityhub:GetEnabledStandards",
          "securityhub:GetFindingAggregator",
          "securityhub:GetFindings",
          "securityhub:GetInsightResults",
          "securityhub:GetInsights",
          "securityhub:ListFindingAggregators",
          "securityhub:ListMembers",
          "securityhub:ListOrganizationAdminAccounts",
          "securityhub:ListSecurityControlDefinitions"
        ],
        "Resource": "*"
      },
      {
        "Sid": "ReadOrganization",
        "Effect": "Allow",
        "Action": [
          "organizations:ListAccounts",
          "organizations:ListTagsForResource"
        ],
        "Resource": "*"
      },
      {
        "Sid": "ReadEvents",
        "Effect": "Allow",
        "Action": [
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:ReceiveMessage"
        ],
        "Resource": "arn:aws:sqs:*:111122223333:posture-*"
      },
      {
        "Sid": "ReadHistory",
        "Effect": "Allow",
        "Action": [
          "securityhub:GetFindingHistory"
        ],
        "Resource": "*"
      },
      {
        "Sid": "ChangeFindings",
        "Effect": "Allow",
        "Action": [
          "securityhub:BatchUpdateFindings"
        ],
        "Resource": "*"
      },
      {
        "Sid": "ReadConfig",
        "Effect": "Allow",
        "Action": [
          "config:DescribeAggregateComplianceByConfigRules",
          "config:DescribeAggregateComplianceByConformancePacks",
          "config:DescribeConfigurationAggregatorSourcesStatus",
          "config:DescribeConfigurationAggregators",
          "config:GetAggregateComplianceDetailsByConfigRule"
        ],
        "Resource": "*"
      },
      {
        "Sid": "CheckOwnRights",
        "Effect": "Allow",
        "Action": [
          "iam:SimulatePrincipalPolicy"
        ],
        "Resource": "arn:aws:iam::111122223333:role/posture-reader"
      }
    ]
  })
}

resource "aws_iam_role_policy_attachment" "posture_reader_1_0" {
  count      = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  role       = aws_iam_role.posture_reader_1[0].name
  policy_arn = aws_iam_policy.posture_reader_1_0[0].arn
}

resource "aws_iam_role" "posture_controls_2" {
  count              = 1
  name               = "posture-controls"
  path               = "/"
  description        = "Posture Operator. Acts in the accounts that are granted."
  assume_role_policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "Operator",
        "Effect": "Allow",
        "Principal": {
          "AWS": "arn:aws:iam::111122223333:root"
        },
        "Action": "sts:AssumeRole",
        "Condition": {
          "ArnEquals": {
            "aws:PrincipalArn": "arn:aws:iam::111122223333:role/posture-operator"
          }
        }
      }
    ]
  })
}

resource "aws_iam_policy" "posture_controls_2_0" {
  count  = 1
  name   = "posture-controls-0"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "ReadControls",
        "Effect": "Allow",
        "Action": [
          "securityhub:BatchGetStandardsControlAssociations",
          "securityhub:GetEnabledStandards"
        ],
        "Resource": "*"
      },
      {
        "Sid": "SwitchControls",
        "Effect": "Allow",
        "Action": [
          "securityhub:BatchUpdateStandardsControlAssociations",
          "securityhub:UpdateStandardsControl"
        ],
        "Resource": "*"
      }
    ]
  })
}

resource "aws_iam_role_policy_attachment" "posture_controls_2_0" {
  count      = 1
  role       = aws_iam_role.posture_controls_2[0].name
  policy_arn = aws_iam_policy.posture_controls_2_0[0].arn
}

resource "aws_iam_role" "posture_remediation_3" {
  count              = 1
  name               = "posture-remediation"
  path               = "/"
  description        = "Posture Operator. Acts in the accounts that are granted."
  assume_role_policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "Operator",
        "Effect": "Allow",
        "Principal": {
          "AWS": "arn:aws:iam::111122223333:root"
        },
        "Action": "sts:AssumeRole",
        "Condition": {
          "ArnEquals": {
            "aws:PrincipalArn": "arn:aws:iam::111122223333:role/posture-operator"
          }
        }
      }
    ]
  })
}

resource "aws_iam_policy" "posture_remediation_3_0" {
  count  = 1
  name   = "posture-remediation-0"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "ReadResources",
        "Effect": "Allow",
        "Action": [
          "athena:GetWorkGroup",
          "athena:ListTagsForResource",
          "autoscaling:DescribeAutoScalingGroups",
          "cloudfront:GetDistributionConfig",
          "cloudfront:ListTagsForResource",
          "cloudtrail:GetTrail",
          "cloudtrail:ListTags",
          "cloudwatch:DescribeAlarms",
          "cloudwatch:GetMetricStatistics",
          "cloudwatch:ListTagsForResource",
          "dynamodb:DescribeContinuousBackups",
          "dynamodb:DescribeTable",
          "dynamodb:ListTagsOfResource",
          "ec2:DescribeInstances",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSecurityGroupRules",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSnapshotAttribute",
          "ec2:DescribeSnapshots",
          "ec2:DescribeSubnets",
          "ec2:DescribeTransitGateways",
          "ec2:GetEbsEncryptionByDefault",
          "ec2:GetSnapshotBlockPublicAccessState",
          "ecr:DescribeRepositories",
          "ecr:GetRegistryScanningConfiguration",
          "ecr:ListTagsForResource",
          "ecs:DescribeClusters",
          "elasticfilesystem:DescribeBackupPolicy",
          "elasticfilesystem:DescribeFileSystems",
          "elasticloadbalancing:DescribeInstanceHealth",
          "elasticloadbalancing:DescribeLoadBalancerAttributes",
          "elasticloadbalancing:DescribeLoadBalancers",
          "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetHealth",
          "iam:GetAccessKeyLastUsed",
          "iam:GetAccountPasswordPolicy",
          "iam:GetLoginProfile",
          "iam:GetUser",
          "iam:ListAccessKeys",
          "iam:ListUserTags",
          "iam:ListUsers",
          "kinesis:DescribeStreamSummary",
          "kinesis:ListTagsForStream",
          "kms:DescribeKey",
          "kms:GetKeyRotationStatus",
          "kms:ListResourceTags",
          "lambda:GetFunctionConfiguration",
          "lambda:GetResourcePolicy",
          "lambda:ListTags",
          "logs:DescribeLogGroups",
          "logs:ListTagsForResource",
          "rds:DescribeDBClusterSnapshotAttributes",
          "rds:DescribeDBClusterSnapshots",
          "rds:DescribeDBClusters",
          "rds:DescribeDBInstances",
          "rds:DescribeDBSnapshotAttributes",
          "rds:DescribeDBSnapshots",
          "redshift:DescribeClusters",
          "s3:GetAccountPublicAccessBlock",
          "s3:GetBucketLocation",
          "s3:GetBucketLogging",
          "s3:GetBucketObjectLockConfiguration",
          "s3:GetBucketPolicy",
          "s3:GetBucketPublicAccessBlock",
          "s3:GetBucketTagging",
          "s3:GetBucketWebsite",
          "s3:ListAllMyBuckets",
          "sns:GetTopicAttributes",
          "sns:ListTagsForResource",
          "sqs:GetQueueAttributes",
          "sqs:GetQueueUrl",
          "sqs:ListQueueTags",
          "ssm:DescribeDocument",
          "ssm:DescribeDocumentPermission",
          "ssm:GetServiceSetting",
          "ssm:ListTagsForResource"
        ],
        "Resource": "*"
      },
      {
        "Sid": "WriteResources",
        "Effect": "Allow",
        "Action": [
          "athena:UpdateWorkGroup",
          "autoscaling:UpdateAutoScalingGroup",
          "cloudfront:UpdateDistribution",
          "cloudtrail:UpdateTrail",
          "cloudwatch:EnableAlarmActions",
          "dynamodb:UpdateContinuousBackups",
          "dynamodb:UpdateTable",
          "ec2:EnableEbsEncryptionByDefault",
          "ec2:EnableSnapshotBlockPublicAccess",
          "ec2:ModifyInstanceMetadataOptions",
          "ec2:ModifySnapshotAttribute",
          "ec2:ModifySubnetAttribute",
          "ec2:ModifyTransitGateway",
          "ec2:RevokeSecurityGroupEgress",
          "ec2:RevokeSecurityGroupIngress",
          "ecr:PutImageScanningConfiguration",
          "ecr:PutImageTagMutability",
          "ecs:UpdateClusterSettings",
          "elasticfilesystem:PutBackupPolicy",
          "elasticloadbalancing:ModifyLoadBalancerAttributes",
          "iam:PassRole",
          "iam:UpdateAccessKey",
          "iam:UpdateAccountPasswordPolicy",
          "kinesis:StartStreamEncryption",
          "kms:EnableKeyRotation",
          "lambda:DeleteResourcePolicy",
          "lambda:PutResourcePolicy",
          "logs:PutRetentionPolicy",
          "rds:ModifyDBCluster",
          "rds:ModifyDBClusterSnapshotAttribute",
          "rds:ModifyDBInstance",
          "rds:ModifyDBSnapshotAttribute",
          "redshift:ModifyCluster",
          "s3:PutAccountPublicAccessBlock",
          "s3:PutBucketLogging",
          "s3:PutBucketPolicy",
          "s3:PutBucketPublicAccessBlock",
          "sns:SetTopicAttributes",
          "sqs:SetQueueAttributes",
          "ssm:ModifyDocumentPermission",
          "ssm:UpdateServiceSetting"
        ],
        "Resource": "*"
      },
      {
        "Sid": "UndoWrites",
        "Effect": "Allow",
        "Action": [
          "athena:UpdateWorkGroup",
          "autoscaling:UpdateAutoScalingGroup",
          "cloudfront:UpdateDistribution",
          "cloudtrail:UpdateTrail",
          "cloudwatch:DisableAlarmActions",
          "dynamodb:UpdateContinuousBackups",
          "dynamodb:UpdateTable",
          "ec2:AuthorizeSecurityGroupEgress",
          "ec2:AuthorizeSecurityGroupIngress",
          "ec2:CreateTags",
          "ec2:DisableEbsEncryptionByDefault",
          "ec2:DisableSnapshotBlockPublicAccess",
          "ec2:EnableSnapshotBlockPublicAccess",
          "ec2:ModifyInstanceMetadataOptions",
          "ec2:ModifySnapshotAttribute",
          "ec2:ModifySubnetAttribute",
          "ec2:ModifyTransitGateway",
          "ecr:PutImageScanningConfiguration",
          "ecr:PutImageTagMutability",
          "ecs:UpdateClusterSettings",
          "elasticfilesystem:PutBackupPolicy",
          "elasticloadbalancing:ModifyLoadBalancerAttributes",
          "iam:DeleteAccountPasswordPolicy",
          "iam:UpdateAccessKey",
          "iam:UpdateAccountPasswordPolicy",
          "kinesis:StopStreamEncryption",
          "kms:DisableKeyRotation",
          "lambda:PutResourcePolicy",
          "logs:PutRetentionPolicy",
          "rds:ModifyDBCluster",
          "rds:ModifyDBClusterSnapshotAttribute",
          "rds:ModifyDBInstance",
          "rds:ModifyDBSnapshotAttribute",
          "redshift:ModifyCluster",
          "s3:DeleteBucketPolicy",
          "s3:PutAccountPublicAccessBlock",
          "s3:PutBucketLogging",
          "s3:PutBucketPolicy",
          "s3:PutBucketPublicAccessBlock",
          "sns:SetTopicAttributes",
          "sqs:SetQueueAttributes",
          "ssm:ModifyDocumentPermission",
          "ssm:ResetServiceSetting",
          "ssm:UpdateServiceSetting"
        ],
        "Resource": "*"
      }
    ]
  })
}

resource "aws_iam_role_policy_attachment" "posture_remediation_3_0" {
  count      = 1
  role       = aws_iam_role.posture_remediation_3[0].name
  policy_arn = aws_iam_policy.posture_remediation_3_0[0].arn
}

resource "aws_iam_role" "posture_metrics_4" {
  count              = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  name               = "posture-metrics"
  path               = "/"
  description        = "Posture Operator. Publishes metrics to CloudWatch."
  assume_role_policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "Operator",
        "Effect": "Allow",
        "Principal": {
          "AWS": "arn:aws:iam::111122223333:root"
        },
        "Action": "sts:AssumeRole",
        "Condition": {
          "ArnEquals": {
            "aws:PrincipalArn": "arn:aws:iam::111122223333:role/posture-operator"
          }
        }
      }
    ]
  })
}

resource "aws_iam_policy" "posture_metrics_4_0" {
  count  = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  name   = "posture-metrics-0"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "PutMetrics",
        "Effect": "Allow",
        "Action": [
          "cloudwatch:PutMetricData"
        ],
        "Resource": "*",
        "Condition": {
          "StringEquals": {
            "cloudwatch:namespace": [
              "SecurityPosture"
            ]
          }
        }
      }
    ]
  })
}

resource "aws_iam_role_policy_attachment" "posture_metrics_4_0" {
  count      = data.aws_caller_identity.current.account_id == "111122223333" ? 1 : 0
  role       = aws_iam_role.posture_metrics_4[0].name
  policy_arn = aws_iam_policy.posture_metrics_4_0[0].arn
}
